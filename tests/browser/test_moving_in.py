"""As a new user: from `manage.py up` on an empty database to the first order of a Shopify shop, by screen alone, in Japanese.

The shop is the stand-in, in this process; database, broker, web and worker are those that `up` starts.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Browser, Page, expect

from apps.connectors.shopify.codes import SCOPES
from apps.sandbox.shopify_stock import LOCATION
from tests.browser.conftest import WIDE
from tests.connectors.stand import Stand, sale_of
from tests.core.test_up import Up, up

TOKEN = "shpat_canary_0123456789"


@pytest.fixture
def shop() -> Iterator[Stand]:
    with tempfile.TemporaryDirectory(prefix="kurogo-stand-") as folder, Stand(Path(folder)) as stand:
        stand.told("shopify/setup", access_token=TOKEN, scopes=",".join(SCOPES))
        stand.put_up("shopify", "TEA")
        stand.place("shopify", sale_of(written="#{}", number="#1001"))
        yield stand


@pytest.fixture
def kurogo(shop: Stand, monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    """`manage.py up` on an empty folder, allowed to reach the stand-in."""
    monkeypatch.setenv("KUROGO_PRIVATE_PEERS", ",".join(shop.peers()))
    with tempfile.TemporaryDirectory(prefix="kurogo-up-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        running = up(Path(folder))
        yield running
        running.process.terminate()
        running.process.wait(timeout=60)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    window = chromium.new_context(viewport=WIDE, locale="ja")
    window.set_default_timeout(15_000)
    yield window.new_page()
    window.close()


def _six_digits(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def _link(kurogo: Up) -> str:
    (line,) = [line for line in kurogo.lines if "setup/owner/?code=" in line]
    found = re.search(r"http\S+", line)
    assert found
    return found[0]


@pytest.mark.slow
@pytest.mark.xdist_group("up")
def test_from_an_empty_house_to_the_first_order(kurogo: Up, shop: Stand, page: Page):
    page.goto(_link(kurogo))
    page.get_by_label("ユーザー名").fill("hanako")
    page.get_by_label("メールアドレス").fill("hanako@example.com")
    page.get_by_label("パスワード", exact=True).fill("five wet umbrellas")
    page.get_by_label("パスワード(確認)").fill("five wet umbrellas")
    page.get_by_role("button", name="アカウントを作成").click()

    page.get_by_text("またはこのキーを入力").click()
    page.get_by_label("コード", exact=True).fill(_six_digits(page.locator("p.code").inner_text()))
    page.get_by_role("button", name="二段階認証を有効にする").click()
    expect.set_options(timeout=30_000)  # a worker asks a vendor in between
    expect(page.get_by_role("heading", name="リカバリーコード")).to_be_visible()
    page.get_by_role("link", name="作業に戻る").click()

    expect(page.get_by_role("heading", name="お店の初期設定")).to_be_visible()
    page.get_by_role("link", name="始める").first.click()
    page.get_by_label("名前", exact=True).fill("黒子商店")
    page.get_by_label("登録番号").fill("T1180301018771")
    page.get_by_role("button", name=re.compile("^保存して次へ")).click()
    page.get_by_label("名前", exact=True).fill("黒子")
    page.get_by_label("コード").fill("main")
    page.get_by_role("button", name=re.compile("^保存して次へ")).click()
    page.get_by_label("名前", exact=True).fill("上野倉庫")
    page.get_by_label("コード", exact=True).fill("WH1")
    page.get_by_label("送り状の依頼主名").fill("黒子商店")
    page.get_by_label("郵便番号").fill("110-0005")
    page.get_by_label("都道府県").fill("東京都")
    page.get_by_label("市区町村").fill("台東区")
    page.get_by_label("町名・番地").fill("上野1-2-3")
    page.get_by_label("電話").fill("03-0000-0000")
    page.get_by_role("button", name=re.compile("^保存して次へ")).click()
    page.get_by_role("button", name=re.compile("^保存して次へ")).click()

    page.get_by_role("link", name="Shopify").click()
    page.get_by_label("店舗のアドレス（URL）").fill(shop.url("shopify"))
    page.get_by_label("クライアントID").fill("the-app")
    page.get_by_label("クライアントシークレット").fill("shpss_the_app")
    page.get_by_role("button", name="保存して次へ").click()
    page.get_by_role("button", name="Shopifyへ進む").click()
    page.get_by_role("link", name="続ける").click()
    page.get_by_role("link", name="Install").click()
    page.get_by_label("ロケーションID").select_option(str(LOCATION))
    page.get_by_role("button", name="選ぶ").click()
    expect(page.get_by_text("つながりました")).to_be_visible()
    page.get_by_role("button", name="取り込む内容を表示").click()
    expect(page.get_by_role("cell", name="#1001").or_(page.get_by_role("rowheader", name="#1001"))).to_be_visible()
    page.get_by_role("button", name="連携を開始").click()

    page.get_by_role("link", name="受注を見る").click()
    expect(page.get_by_text("#1001")).to_be_visible()

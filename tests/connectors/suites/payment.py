"""What every connector with the abilities `payment` and `payment.read` does. Subclass it and fill in the fixtures."""

import logging
from datetime import timedelta
from urllib.parse import quote

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import HealthCheck, Inbound, Once, PaymentGateway, PaymentSource
from apps.hub.registry import manifest


class PaymentSuite:
    """Fixtures to give: `connector`; `misconfigured` (the same with wrong credentials); `authorised` (a callable: the
    provider's id of a payment of so many minor units that a customer has authorised in JPY); `moved` (a callable: what
    the vendor's own ledger says was taken and given back of a payment, `(captured, refunded)`); `asked` (a callable:
    how many payments the vendor holds for a reference); `misbehave` (a callable: the next call goes wrong so: limited,
    failed, html, cut); `strange` (topic and raw notice of a payment in a state that is in no table); `secret` (a
    credential that no log may show). Attributes: `slug`, `retry_after` (seconds that a 429 of the vendor asks for).
    """

    slug = ""
    retry_after = 2.0

    def capture(self, provider_id: str, minor: int = 5400) -> c.CaptureRequest:
        return c.CaptureRequest(provider_id=provider_id, amount_minor=minor, currency="JPY")

    def refund(self, provider_id: str, minor: int, reference: str) -> c.RefundRequest:
        return c.RefundRequest(provider_id=provider_id, amount_minor=minor, currency="JPY", reference=reference)

    def request(self, reference: str) -> c.PaymentRequest:
        return c.PaymentRequest(
            reference=reference, amount_minor=5400, currency="JPY", method="konbini", description=reference,
            customer_name="山田花子", customer_email="hanako@example.jp",
        )  # fmt: skip

    def test_it_is_what_its_manifest_says(self, connector):
        told = manifest(self.slug)
        protocols = (PaymentGateway, PaymentSource, HealthCheck, Inbound)
        assert [isinstance(connector, one) for one in protocols] == [True] * 4
        assert {"payment", "payment.read"} <= set(told.abilities)
        assert {op: told.once[op] in Once for op in sorted(told.once)} == {
            "payment.capture": True, "payment.refund": True, "payment.request": True, "payment.void": True,
        }  # fmt: skip

    def test_the_health_check_answers_and_has_no_effect(self, connector, authorised, moved):
        payment = authorised(5400)
        assert dict(connector.check()) == dict(connector.check()) != {}
        assert moved(payment) == (0, 0)

    def test_a_capture_repeated_with_its_key_takes_the_money_once(self, connector, authorised, moved):
        payment = authorised(5400)
        first = connector.capture(self.capture(payment), "capture-1" + payment)
        again = connector.capture(self.capture(payment), "capture-1" + payment)
        assert (again, moved(payment)) == (first, (5400, 0))
        assert (first.status, first.captured_minor, first.currency) == ("captured", 5400, "JPY")

    def test_a_refund_repeated_with_its_key_gives_back_once(self, connector, authorised, moved):
        payment = authorised(5400)
        connector.capture(self.capture(payment), "capture-2" + payment)
        first = connector.refund(self.refund(payment, 1000, "r-1"), "refund-2" + payment)
        again = connector.refund(self.refund(payment, 1000, "r-1"), "refund-2" + payment)
        assert (again, moved(payment)) == (first, (5400, 1000))
        assert (first.payment_provider_id, first.reference, first.amount_minor) == (payment, "r-1", 1000)

    def test_a_request_repeated_with_its_key_asks_once(self, connector, asked):
        first = connector.request_payment(self.request("suite-3"), "request-3")
        again = connector.request_payment(self.request("suite-3"), "request-3")
        assert (again, asked("suite-3")) == (first, 1)
        assert (first.status, first.order_reference, first.amount_minor) == ("pending", "suite-3", 5400)

    def test_a_void_repeated_with_its_key_is_one_void(self, connector, authorised, moved):
        payment = authorised(5400)
        first = connector.void(c.VoidRequest(provider_id=payment), "void-4" + payment)
        again = connector.void(c.VoidRequest(provider_id=payment), "void-4" + payment)
        assert (again, first.status, moved(payment)) == (first, "cancelled", (0, 0))

    def test_a_busy_vendor_says_when_and_nothing_happened(self, connector, authorised, moved, misbehave):
        payment = authorised(5400)
        misbehave("limited")
        with pytest.raises(errors.RateLimited) as caught:
            connector.capture(self.capture(payment), "capture-5" + payment)
        assert (caught.value.retry_after, caught.value.sent, moved(payment)) == (self.retry_after, False, (0, 0))
        connector.capture(self.capture(payment), "capture-5" + payment)
        assert moved(payment) == (5400, 0)

    @pytest.mark.parametrize("fault", ["failed", "html", "cut"])
    def test_a_doubtful_answer_leaves_the_outcome_unknown_until_the_same_key_settles_it(
        self, connector, authorised, moved, misbehave, fault
    ):
        payment = authorised(5400)
        misbehave(fault)
        with pytest.raises(errors.Transient) as caught:
            connector.capture(self.capture(payment), f"capture-6-{fault}{payment}")
        settled = connector.capture(self.capture(payment), f"capture-6-{fault}{payment}")
        assert (caught.value.sent, settled.captured_minor, moved(payment)) == (True, 5400, (5400, 0))

    def test_wrong_credentials_are_misconfigured(self, misconfigured, authorised):
        with pytest.raises(errors.Misconfigured):
            misconfigured.capture(self.capture(authorised(5400)), "capture-7")
        with pytest.raises(errors.Misconfigured):
            misconfigured.check()

    def test_more_than_was_taken_is_never_given_back(self, connector, authorised, moved):
        payment = authorised(5400)
        connector.capture(self.capture(payment), "capture-8" + payment)
        with pytest.raises(errors.Permanent):
            connector.refund(self.refund(payment, 5401, "r-8"), "refund-8" + payment)
        assert moved(payment) == (5400, 0)

    def test_another_body_under_the_same_key_is_refused(self, connector, authorised, moved):
        payment = authorised(5400)
        connector.capture(self.capture(payment, 5000), "capture-9" + payment)
        with pytest.raises(errors.Permanent):
            connector.capture(self.capture(payment, 5400), "capture-9" + payment)
        assert moved(payment) == (5000, 0)

    def test_a_payment_is_found_by_its_id_or_not_at_all(self, connector, authorised):
        payment = authorised(5400)
        assert connector.fetch_payment(payment).provider_id == payment
        assert connector.fetch_payment("pi_unknown") is None

    def test_every_payment_of_a_window_comes_once(self, connector, authorised):
        payments = [authorised(100 + number) for number in range(3)]
        now = clock.now()
        window = (now - timedelta(minutes=5), now + timedelta(minutes=5))
        told = [fact.provider_id for page in connector.payments_between(*window) for fact in page]
        assert [told.count(payment) for payment in payments] == [1, 1, 1]
        assert len(told) == len(set(told))
        assert list(connector.payments_between(window[0] - timedelta(days=9), window[0] - timedelta(days=8))) == []

    def test_an_unknown_word_survives(self, connector, strange):
        (fact,) = connector.read(*strange)
        assert (fact.status, fact.raw_status) == (c.UNKNOWN, "on_the_moon")

    def test_an_unknown_topic_or_a_broken_body_is_unreadable(self, connector, strange):
        for topic, raw in (("sun.risen", strange[1]), (strange[0], b"{"), (strange[0], b"[]"), (strange[0], b"\xff")):
            with pytest.raises(errors.Unreadable):
                connector.read(topic, raw)

    def test_no_secret_reaches_a_log_or_an_error(self, connector, misconfigured, authorised, misbehave, secret, caplog):
        caplog.set_level(logging.DEBUG)
        payment = authorised(5400)
        connector.request_payment(self.request("suite-10"), "request-10")
        said = []
        for one, fault in ((connector, "failed"), (connector, "html"), (connector, "cut"), (misconfigured, "")):
            if fault:
                misbehave(fault)
            with pytest.raises(errors.VendorError) as caught:
                one.capture(self.capture(payment), f"capture-10-{fault}{payment}")
            said.append(f"{caught.value!r} {caught.value} {caught.value.__cause__!r}")
        logged = caplog.text + "".join(said)
        assert [word for word in (secret, "hanako", "山田花子", quote("山田花子")) if word in logged] == []

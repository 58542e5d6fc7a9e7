"""What every connector with the ability `files` does. Subclass it and fill in the fixtures."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import FileSource, HealthCheck, Inbound
from apps.hub.registry import manifest


class FileSuite:
    """Fixtures to give: `connector`; `lay` (a callable: the other side lays a file of orders into the folder, three
    orders in it; its name); `orders` (a good file of several orders whose rows are mixed, as a `SourceFile`); `broken`
    (the same with one row that cannot be read). Attribute: `slug`.
    """

    slug = ""

    def test_it_is_what_its_manifest_says(self, connector):
        assert [isinstance(connector, one) for one in (FileSource, Inbound, HealthCheck)] == [True] * 3
        assert "files" in manifest(self.slug).abilities

    def test_a_file_that_was_laid_down_is_found_once_and_can_be_read(self, connector, lay):
        name = lay()
        (file,) = [file for file in connector.new_files(clock.now() - timedelta(minutes=5)) if file.name == name]
        read = connector.read_file(file)
        assert (file.kind, len(read.things), read.set_aside) == ("orders", 3, ())

    def test_what_is_older_is_not_new(self, connector, lay):
        lay()
        assert list(connector.new_files(clock.now() + timedelta(minutes=5))) == []

    def test_a_notice_reads_back_as_its_file(self, connector, orders):
        event = connector.file_event(orders)
        assert list(connector.read(event.topic, event.raw)) == [orders]

    def test_the_same_file_is_the_same_notice_at_any_time(self, connector, orders):
        later = c.SourceFile(
            name=orders.name, kind=orders.kind, content=orders.content, at=orders.at + timedelta(hours=1)
        )
        other = c.SourceFile(name=orders.name, kind=orders.kind, content=orders.content + b"\n", at=orders.at)
        first = connector.file_event(orders)
        assert connector.file_event(later).id == first.id
        assert connector.file_event(other).id != first.id

    def test_things_come_in_the_files_order_with_the_rows_they_begin_on(self, connector, orders):
        read = connector.read_file(orders)
        assert len(read.things) == len(read.starts) > 1
        assert list(read.starts) == sorted(read.starts)
        assert read.set_aside == ()

    def test_reading_on_gives_the_rest_and_splits_nothing(self, connector, orders):
        whole = connector.read_file(orders)
        for place, start in enumerate(whole.starts):
            rest = connector.read_file(orders, start_row=start)
            assert (rest.things, rest.rows) == (whole.things[place:], whole.rows)
        assert connector.read_file(orders, start_row=whole.rows).things == ()

    def test_a_bad_row_is_set_aside_and_others_go_on(self, connector, orders, broken):
        good, read = connector.read_file(orders), connector.read_file(broken)
        assert (read.rows, bool(read.set_aside)) == (good.rows, True)
        assert [thing for thing in read.things if thing not in good.things] == []
        assert [row for row in read.set_aside if not (row.reason and row.detail and row.row > 0)] == []

    def test_reading_changes_nothing(self, connector, orders):
        assert connector.read_file(orders) == connector.read_file(orders)

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe\xfd", b"<html></html>", b"{}", b"\0" * 100])
    def test_what_is_no_file_of_its_kind_is_a_named_error(self, connector, orders, content):
        wrong = c.SourceFile(name="x", kind=orders.kind, content=content, at=orders.at)
        with pytest.raises(errors.Unreadable) as caught:
            connector.read_file(wrong)
        assert str(caught.value)

    def test_an_unknown_kind_is_a_named_error(self, connector, orders):
        strange = c.SourceFile(name="x", kind="poems", content=orders.content, at=orders.at)
        with pytest.raises(errors.Unreadable, match="poems"):
            connector.read_file(strange)
        event = connector.file_event(strange)
        with pytest.raises(errors.Unreadable, match="poems"):
            connector.read(event.topic, event.raw)

"""What every call of a connector over the network does when the vendor misbehaves. Subclassed once for each ability."""

import logging

import pytest

from apps.hub import errors


class CallSuite:
    """Fixtures to give: `connector`; `misconfigured` (the same with wrong credentials); `misbehave` (a callable: the
    next call goes wrong so: limited, failed, html, cut); `call` (a callable that takes a connector and makes one call);
    `secret` (a credential that no log and no error may show). Attribute: `retry_after`, the seconds a 429 asks for.
    """

    retry_after = 2.0

    def test_a_busy_vendor_says_when(self, connector, misbehave, call):
        misbehave("limited")
        with pytest.raises(errors.RateLimited) as caught:
            call(connector)
        assert (caught.value.retry_after, caught.value.sent) == (self.retry_after, False)

    @pytest.mark.parametrize("fault", ["failed", "html", "cut"])
    def test_a_doubtful_answer_is_transient_and_perhaps_took_effect(self, connector, misbehave, call, fault):
        misbehave(fault)
        with pytest.raises(errors.Transient) as caught:
            call(connector)
        assert (type(caught.value), caught.value.sent) == (errors.Transient, True)

    def test_after_a_fault_the_same_call_goes_through(self, connector, misbehave, call):
        misbehave("failed")
        with pytest.raises(errors.Transient):
            call(connector)
        call(connector)

    def test_wrong_credentials_are_misconfigured(self, misconfigured, call):
        with pytest.raises(errors.Misconfigured):
            call(misconfigured)

    def test_no_secret_reaches_a_log_or_an_error(self, connector, misconfigured, misbehave, call, secret, caplog):
        caplog.set_level(logging.DEBUG)
        said = []
        for one, fault in ((connector, "failed"), (connector, "html"), (connector, "cut"), (misconfigured, "")):
            if fault:
                misbehave(fault)
            with pytest.raises(errors.VendorError) as caught:
                call(one)
            said.append(f"{caught.value!r} {caught.value} {caught.value.__cause__!r}")
        assert secret not in caplog.text + "".join(said)

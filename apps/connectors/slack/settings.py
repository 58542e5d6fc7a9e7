"""What a merchant fills in for Slack; the form, masking and encryption come from these fields."""

from apps.hub.registry import Settings


class SlackSettings(Settings, frozen=True, kw_only=True):
    """`webhook_url` is the whole address that Slack shows of an incoming webhook; it is a secret, and leads to one channel.

    `base_url` is where it must lead; another is for GovSlack (https://hooks.slack-gov.com). `resend_when_unknown`: Slack cannot
    be asked whether a notice arrived. True says it again (it may stand there twice); False leaves it for a person.
    """

    webhook_url: str = ""
    base_url: str = "https://hooks.slack.com"
    resend_when_unknown: bool = True

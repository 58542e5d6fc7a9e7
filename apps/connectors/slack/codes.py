"""Slack's words for a refusal: which of them speak of the webhook and not of what was said."""

# The webhook, its channel or its workspace is gone, or may not post: a person makes a new one.
OURS = frozenset(
    {
        "action_prohibited", "channel_is_archived", "channel_not_found", "invalid_token", "no_active_hooks", "no_service",
        "no_service_id", "no_team", "posting_to_general_channel_denied", "team_disabled", "user_not_found",
    }
)  # fmt: skip
# What a webhook that works answers to a message without words.
EMPTY = frozenset({"no_text", "missing_text_or_fallback_or_attachments"})
SAID = "ok"

"""No tables of its own: a place for the abilities of `roles.py` to be Django permissions."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.staff.roles import ABILITIES


class Ability(models.Model):
    """Never stored; its permissions are the abilities."""

    class Meta:
        managed = False
        default_permissions = ()
        # English in the database; the admin translates by `roles.ABILITIES`.
        permissions = [(ability, ability) for ability in ABILITIES]
        verbose_name = _("ability")
        verbose_name_plural = _("abilities")

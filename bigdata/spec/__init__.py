"""From YAML text to a checked Study: positions kept, every error at once, nothing heavy imported."""

from bigdata.spec.load import Study, Variant, load_study, study_from_resolved

__all__ = ["Study", "Variant", "load_study", "study_from_resolved"]

"""What of a high-throughput run is sent to an archive: the packs of calculations that ended well or are doubtful."""

from __future__ import annotations

from bigdata.archives.packages import Calculation, Shipment
from bigdata.kind import SpecError, View
from bigdata.studies.high_throughput.model import HighThroughput
from bigdata.studies.high_throughput.quantities import DONE, DOUBTFUL
from bigdata.studies.high_throughput.results import Results
from bigdata.studies.high_throughput.stages import CALCULATE


def uploads(view: View) -> Shipment:
    """Each calculation in a folder that its number names. SpecError where the spec doesn't say where to."""
    model = view.model
    assert isinstance(model, HighThroughput)
    if model.upload is None:
        raise SpecError(
            "the run's spec has no `upload:`, which says where its files are sent. Write "
            '`upload: {nomad: {url: "${env:NOMAD_URL}", token: "${env:NOMAD_TOKEN}"}}` and submit again: '
            "nothing is computed anew."
        )
    status = view.once(Results).status.ravel()
    packs, stem = view.packs[CALCULATE], view.packs.path(CALCULATE).replace("/", "-")
    sent = [i for i, one in enumerate(status) if one in (DONE, DOUBTFUL)]
    return Shipment(
        to=model.upload.nomad,
        name=model.name,
        description=model.description,
        stem=stem,
        calculations=[Calculation(f"{stem}-{i:06}", packs[i]) for i in sent],
        n_failed=len(status) - len(sent),
    )

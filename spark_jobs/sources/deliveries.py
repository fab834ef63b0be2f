"""Where a run's files come from: a sample, a public set, a user's folder, or the landing zone where they lie."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spark_jobs.bronze.delivered_file import DeliveryError
from spark_jobs.errors import RiskLakeError
from spark_jobs.sources import berka, csv_folder, online_retail
from spark_jobs.sources.delivery import Delivery

#: What turns a public set into landing files, by source.
_ADAPTED = {"berka": berka.deliver, "online_retail": online_retail.deliver}


@dataclass(frozen=True)
class SampleParameters:
    """What the sample is generated from; equal parameters give equal bytes."""

    scale: float = 1.0
    seed: int = 7
    days: int = 730
    dirt: float = 0.02

    @property
    def folder_name(self) -> str:
        """A name that tells the parameters apart."""
        return f"scale-{self.scale:g}-seed-{self.seed}-days-{self.days}-dirt-{self.dirt:g}"


def deliveries(
    source: str, data: Path | None, *, work: Path, sample: SampleParameters, progress: Callable[[int, int], None] | None
) -> list[Delivery]:
    """The files of ``source``; samples and adapted public sets are written below ``work`` first.

    None of ``landing``: others put them there, and a run looks through the landing zone in any case.
    DeliveryError where ``data`` is missing, not needed or not fit.
    """
    if source == "landing":
        return []
    if source in ("sample", "shop"):
        if data is not None:
            raise DeliveryError.at(str(data), f"the {source} is generated, expected another --source with --data")
        if source == "sample":
            return list(csv_folder.files(sample_folder(work, sample, progress)))
        return _adapted("online_retail", shop_folder(work, sample), work / source)
    if data is None:
        raise DeliveryError.at(f"--source {source}", "found no --data, expected the folder with the files")
    if source == "csv":
        return list(csv_folder.files(data))
    return _adapted(source, data, work / source)


def _adapted(public_set: str, data: Path, output: Path) -> list[Delivery]:
    _ADAPTED[public_set](data, output)
    return list(csv_folder.files(output))


def shop_folder(work: Path, sample: SampleParameters) -> Path:
    """The invoices of the made-up shop; RiskLakeError for parameters that make none."""
    from spark_jobs.sources.shop import write_shop

    output = work / "invoices" / sample.folder_name
    shutil.rmtree(output, ignore_errors=True)
    try:
        write_shop(output, scale=sample.scale, seed=sample.seed, days=sample.days, dirt=sample.dirt)
    except ValueError as error:
        raise RiskLakeError(str(error)) from None
    return output


def sample_folder(work: Path, sample: SampleParameters, progress: Callable[[int, int], None] | None) -> Path:
    """The generated sample, made once per set of parameters; an unfinished one is made again.

    RiskLakeError for parameters that make no sample.
    """
    from spark_jobs.sources.sample import generate

    output = work / "sample" / sample.folder_name
    if (output / "_truth" / "summary.json").exists():
        return output
    shutil.rmtree(output, ignore_errors=True)
    try:
        generate(output, scale=sample.scale, seed=sample.seed, days=sample.days, dirt=sample.dirt, progress=progress)
    except ValueError as error:
        raise RiskLakeError(str(error)) from None
    return output

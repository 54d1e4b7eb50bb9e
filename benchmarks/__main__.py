"""
qcc beside its peers: one thread, batch 1, all in turn in one process.

    python -m benchmarks [--models NAME,...] [--peers NAME,...] [--target NAME,...]
                         [--isa avx512vnni|avx2] [--clock wall|cpu]
                         [--resume] [--prepare] [--zoo]

Writes build/bench/results[-ISA].json, the table as .md and a picture as .svg. Rows of
models that are not measured now stay in the file, and so in the table. With --zoo:
every model of ../shared/zoo beside ONNX Runtime on the same file; results-zoo.*.
"""

from __future__ import annotations

import argparse
import os
import warnings

from rich.console import Console

from benchmarks import machine, report
from benchmarks.contest import CLOCKS, CannotEnter, Contestant, race, signal_to_noise
from benchmarks.models import BUILD, Model, all_models, zoo_models
from benchmarks.ours import fingerprint, open_ours
from benchmarks.peers import PEERS, REFERENCE, Peer
from qcc.codegen.targets import find_target
from qcc.compiler.diagnostics import QccError, report_errors

_TARGETS = {None: "native", "avx512vnni": "avx512vnni", "avx2": "x86-64-v3"}
"""Ours that meets peers held to an instruction set."""

_BUSY = 1.1
"""Wall over CPU time above which the machine has other work to do."""


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--models", type=names, metavar="NAME,...")
    parser.add_argument("--peers", type=names, metavar="NAME,...", help=str([*PEERS]))
    parser.add_argument("--target", type=names, metavar="NAME,...", help="of qcc")
    parser.add_argument("--isa", choices=machine.ISAS, help="hold the peers to")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--seconds", type=float, default=10.0, help="per model")
    parser.add_argument("--cpu", type=int, help="which CPU to run on")
    parser.add_argument(
        "--resume", action="store_true", help="skip what this compiler was measured on"
    )
    parser.add_argument(
        "--prepare", action="store_true", help="make what will be measured, and end"
    )
    parser.add_argument(
        "--zoo", action="store_true", help="every trained model beside onnxruntime"
    )
    return parser.parse_args()


def _choose(wanted: list[str] | None, known: list[str], what: str) -> list[str]:
    for name in wanted or ():
        if name not in known:
            raise SystemExit(f"no {what} {name!r}; there are: {', '.join(known)}")
    return known if wanted is None else wanted


def _open(
    model: Model, peers: list[Peer], targets: list[str], result: report.Result
) -> list[Contestant]:
    feeds = model.feeds()
    contestants = [open_ours(model, feeds, target) for target in targets]
    for peer in peers:
        try:
            contestant = peer.open(model, feeds)
            contestant.run()
        except CannotEnter:
            continue
        except Exception as error:  # what a peer cannot do must not stop the others
            lines = str(error).strip().splitlines() or [type(error).__name__]
            result.failures[peer.name] = lines[-1]
            continue
        contestants.append(contestant)
    reference = REFERENCE.open(model, feeds)
    reference.run()
    for contestant in contestants:
        contestant.run()
        result.decibels[contestant.name] = signal_to_noise(
            contestant.output(), reference.output()
        )
    return contestants


def _measure(
    model: Model, peers: list[Peer], options: argparse.Namespace
) -> tuple[report.Result, float]:
    """The result, and wall time over CPU time."""
    result = report.Result(model.name, model.macs, fingerprint())
    contestants = _open(model, peers, options.target, result)
    times = race(contestants, options.seconds)
    ours = [f"qcc {find_target(target).name}" for target in options.target]
    result.fill(times, ours)
    wall, cpu = (
        sum(float(value.of(clock).sum()) for value in times.values())
        for clock in CLOCKS
    )
    return result, wall / cpu


def _peers(options: argparse.Namespace, console: Console) -> list[Peer]:
    wanted = options.peers or ([REFERENCE.name] if options.zoo else None)
    chosen = [PEERS[n] for n in _choose(wanted, list(PEERS), "peer")]
    for peer in chosen:
        if not peer.installed:
            console.print(f"{peer.name}: not installed ({', '.join(peer.needs)})")
    return [peer for peer in chosen if peer.installed]


def _row(
    model: Model, peers: list[Peer], options: argparse.Namespace, console: Console
) -> report.Result | None:
    """Prepares or measures one model; None where there is nothing to tell."""
    try:
        if options.prepare:
            _open(model, peers, options.target, report.Result(model.name, 0))
            return None
        result, busy = _measure(model, peers, options)
    except QccError as error:
        console.print(f"{model.name}: not taken: {error}", markup=False)
        return None
    for peer, why in result.failures.items():
        console.print(f"{model.name}: {peer} fails: {why}", markup=False)
    if busy > _BUSY:
        console.print(
            f"{model.name}: wall time is {busy:.1f} × CPU time: a busy machine"
        )
    return result


def _run(options: argparse.Namespace, console: Console) -> None:
    models = {m.name: m for m in (zoo_models() if options.zoo else all_models())}
    peers = _peers(options, console)
    about = machine.describe(options.isa)
    stem = "-".join(filter(None, ("results", options.zoo and "zoo", options.isa)))
    path = BUILD / f"{stem}.json"
    found = {r.model: r for r in report.read_json(path)} if path.exists() else {}
    for name in _choose(options.models, list(models), "model"):
        known = name in found and found[name].of == fingerprint()
        if options.resume and known and not options.prepare:
            continue
        result = _row(models[name], peers, options, console)
        if result is not None:
            found[name] = result
            report.write_json(list(found.values()), about, path)
    results = [found[name] for name in models if name in found]
    if options.prepare or not results:
        return
    console.print(report.table(results, options.clock))
    path.with_suffix(".md").write_text(report.markdown(results, options.clock))
    picture = path.with_suffix(".svg")
    written = report.write_picture(results, options.clock, picture)
    console.print(f"{path}, .md" + (", .svg" if written else ""))


def main() -> None:
    """Prepares everything unheld, then measures."""
    options = _parse()
    options.target = options.target or [_TARGETS[options.isa]]
    warnings.simplefilter("ignore")
    os.environ.setdefault("OV_TELEMETRY", "0")
    with report_errors():
        if options.isa:
            BUILD.mkdir(parents=True, exist_ok=True)
            machine.hold(options.isa)
        machine.pin(options.cpu)
        _run(options, Console(width=200))


if __name__ == "__main__":
    main()

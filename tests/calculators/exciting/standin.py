"""Writes what exciting writes, in its formats, of a crystal that is a spring: exciting itself isn't to be had.

It reads input.xml by itself. `TROUBLE`, a file in its folder's parent, has it killed in the middle, once.
"""

import os
import signal
import struct
from pathlib import Path
from xml.etree import ElementTree

ROOT = ElementTree.parse("input.xml").getroot()
GROUND = ROOT.find("groundstate").attrib
SPECIES = [(one.attrib, [[float(x) for x in a.attrib["coord"].split()] for a in one]) for one in ROOT.iter("species")]
LATTICE = [[float(x) for x in vector.text.split()] for vector in ROOT.iter("basevect")]
FERMI = 0.25


def box(mark, text):
    return f"\n{mark * 80}\n{mark if mark == '+' else '|'} {text:<77}{mark}\n{mark * 80}\n"


def value(label, number):
    return f" {label:<43}: {number:18.8f}\n"


def atoms():
    return [(Path(at["speciesfile"]).stem, position) for at, positions in SPECIES for position in positions]


def energy(moved):
    return -100.0 - float(GROUND["rgkmax"]) / 10 + moved**2


def forces(moved):
    rows = [(s, [0.2 * moved * (-1) ** i, 0.0, 0.0]) for i, (s, _) in enumerate(atoms())]
    lines = [f" atom {i:5d}  {s:<2}  : {f[0]:14.8f}{f[1]:14.8f}{f[2]:14.8f}\n" for i, (s, f) in enumerate(rows, 1)]
    return "\n Total atomic forces including IBS (cartesian) :\n" + "".join(lines)


def start():
    text = f"{'=' * 80}\n| EXCITING STANDIN started{' ' * 53}=\n{'=' * 80}\n"
    for i, (at, _) in enumerate(SPECIES, 1):
        text += f"\n Species : {i:4d} ({Path(at['speciesfile']).stem})\n"
        text += f"     muffin-tin radius                      :{float(at['rmt']):17.8f}\n"
    return text + value("Total electronic charge", 10.0)


def ground_state(moved):
    n = int(GROUND.get("maxscl", 200))
    needed = 3 if GROUND["do"] == "fromfile" else 8
    text = start()
    for i in range(1, min(n, needed) + 1):
        text += box("+", f"SCF iteration number : {i:4d}") + value("Total energy", energy(moved) - 2.0**-i)
        Path("INFO.OUT").write_text(text)
        state()
        if i == 5:
            trouble()
    reached = needed <= n
    said = "Convergence targets achieved. Performing final SCF iteration"
    text += box("+", said if reached else f"Reached self-consistent loops maximum : {n:4d}")
    Path("TOTENERGY.OUT").write_text(f"{energy(moved) - 1:18.9f}\n{energy(moved):18.9f}\n")
    Path("EFERMI.OUT").write_text(f"{FERMI:18.10f}\n")
    eigenvalues()
    return text + value("Total energy", energy(moved)) + box("+", "Self-consistent loop stopped") + forces(moved)


def trouble():
    place = Path("..") / "TROUBLE"
    if place.is_file():
        place.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def state():
    Path("STATE.OUT").write_bytes(struct.pack("<i", 8) + bytes(8) + struct.pack("<i", 8))


def eigenvalues():
    text = "     2 : nkpt\n     2 : nstsv\n"
    for k, (low, high) in enumerate([(0.10, 0.40), (0.20, 0.35)], 1):
        text += f"\n{k:6d}  0.000000000       0.000000000       {k / 4:.10f}     : k-point, vkl\n"
        text += " (state, eigenvalue and occupancy below)\n"
        text += f"     1 {low:13.10f}       2.000000000    \n     2 {high:13.10f}       0.000000000    \n\n"
    Path("EIGVAL.OUT").write_text(text)


def relax(text):
    target = float(ROOT.find("relax").attrib["epsforce"])
    moved, step = 0.04, 0
    text += box("-", "Optimization step 0: Initialize optimization") + left(moved, target)
    while 0.2 * moved > target:
        step, moved = step + 1, moved / 2
        text += box("-", f"Optimization step {step:4d}    (method = bfgs)") + left(moved, target)
        geometry(moved)
    text += box("+", "Force convergence target achieved") + value("Total energy", energy(moved)) + forces(moved)
    return text


def left(moved, target):
    return f" Maximum force magnitude          (target) : {0.2 * moved:18.8f}  ({target:12.8f})\n"


def geometry(moved):
    rows = "".join(f"<basevect>{x:18.10f}{y:18.10f}{z:18.10f}</basevect>" for x, y, z in LATTICE)
    for at, positions in SPECIES:
        inner = "".join(f'<atom coord="{x + moved:.10f} {y:18.10f} {z:18.10f}"/>' for x, y, z in positions)
        rows += f'</crystal><species speciesfile="{at["speciesfile"]}" rmt="{at["rmt"]}">{inner}</species><crystal>'
    text = f"<input><title>t</title><structure><crystal>{rows}</crystal></structure></input>"
    Path("geometry_opt.xml").write_text(text.replace("<crystal></crystal>", ""))


def dos(asked):
    n = int(asked["nwdos"])
    low, high = map(float, asked["winddos"].split())
    energies = [low + i * (high - low) / (n - 1) for i in range(n)]
    rows = "".join(f'<point e="{e:.10f}" dos="{e * e:.12f}"/>\n' for e in energies)
    text = f'<dos><title>t</title><totaldos><diagram type="totaldos" nspin="1">{rows}</diagram></totaldos></dos>'
    Path("dos.xml").write_text(text)


def bands(path):
    n, points = int(path.attrib["steps"]), list(path)
    at = [i / (n - 1) for i in range(n)]
    text = "<bandstructure><title>t</title>"
    for shift in (-0.1, 0.1):
        rows = "".join(f'<point distance="{x:.9f}" eval="{shift * (1 + x):.9f}"/>' for x in at)
        text += f"<band>{rows}</band>"
    for i, point in enumerate(points):
        where, name = i / (len(points) - 1), point.attrib["label"]
        text += f'<vertex distance="{where:.9f}" label="{name}" coord="{point.attrib["coord"]}"/>'
    Path("bandstructure.xml").write_text(text + "</bandstructure>")


def main():
    asked = ROOT.find("relax")
    if GROUND["do"] != "skip":
        text = ground_state(0.04 if asked is not None else 0.0)
        if asked is not None:
            text = relax(text)
        Path("INFO.OUT").write_text(text + f"{'=' * 80}\n| EXCITING STANDIN stopped{' ' * 53}=\n{'=' * 80}\n")
    if (found := ROOT.find("properties/dos")) is not None:
        dos(found.attrib)
    if (found := ROOT.find("properties/bandstructure/plot1d/path")) is not None:
        bands(found)


main()

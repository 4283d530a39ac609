"""The program of the test's DFT code: reads in.json, writes out.json and a large file that nobody needs."""

import json
import math
import sys
import time

with open("in.json") as file:
    given = json.load(file)
time.sleep(given["options"].get("sleep", 0))
a, b, c = given["lattice"]
cross = [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]]
volume = abs(sum(x * y for x, y in zip(a, cross, strict=True)))
n = len(given["numbers"])
found = {}
if sys.argv[1] == "relax":
    scale = (20 * n / volume) ** (1 / 3)
    found["lattice"] = [[x * scale for x in row] for row in given["lattice"]]
off = volume / n / 20 - 1
found["energy"] = -10.0 * sum(given["numbers"]) + n * (5 * off**2 + {"LDA": 0.0, "PBE": -0.5}[given["xc"]])
found["energy"] += 1 / math.prod(given["k_grid"]) + 1 / given["basis"]["rgkmax"]
strays = given["options"].get("strays", [])
if strays[:2] == [given["xc"], given["basis"]["rgkmax"]]:
    found["energy"] += n * strays[2]
found["fermi"] = 0.1 * n
found["gap"] = 1.0 if given["xc"] == "PBE" else 0.5
if sys.argv[1] == "density-of-states":
    low, high, points = given["dos"]
    energies = [low + i * (high - low) / (points - 1) for i in range(points)]
    found["energies"] = [found["fermi"] + e for e in energies]
    found["dos"] = [n * math.exp(-((e + given["basis"]["rgkmax"]) ** 2)) for e in energies]
with open("WAVES", "wb") as file:
    file.write(bytes(100_000))
with open("out.json", "w") as file:
    json.dump(found, file)

"""Crystal structures out of CIF text: understood and compared with what the file says elsewhere, or refused in words.

The grammar and the tables of space groups are gemmi's; what a file means is decided here. A file says most things twice
(operations and a group's name, atoms and a formula, sites and a multiplicity): a crystal is read only where both agree.

S. R. Hall, F. H. Allen and I. D. Brown, Acta Cryst. A 47, 655 (1991), doi 10.1107/S010876739101067X;
M. Wojdyr, J. Open Source Softw. 7, 4200 (2022), doi 10.21105/joss.04200.
"""

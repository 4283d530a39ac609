"""Section 2 of the paper, figures 1 and 2: does a model that was trained on one database hold on another?"""

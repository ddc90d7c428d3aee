"""What leaves: the outbound message list, composed from a branch's entries under a policy and a profile.

Everything here is pure: no clock, no chance, no reading or writing; the same input gives the same bytes.
``compose`` does the work, in this order: the branch's cut and pins open the draft; the rules change it; the layout
makes it what the profile accepts; ``order.check`` judges the result without knowing how it was made.
"""

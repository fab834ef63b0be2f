"""QuickSight as code: data sets, rules of access, one analysis and one dashboard out of ``quicksight/*.yaml``.

``sources`` reads the YAML, ``definition`` turns it into requests to the API, ``lint`` checks those without an account,
``deploy`` brings an account to them.
"""

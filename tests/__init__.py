"""The tests mirror the package; browser/, servers/ and wheel/ run apart."""

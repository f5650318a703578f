/* Comparing measured numbers: says both when they are too far from each other. */
#ifndef TACH_TESTS_NEAR_H
#define TACH_TESTS_NEAR_H

#include <math.h>
#include <stdio.h>

#define assert_near(got, expected, tolerance) assert_true(is_near(#got, got, expected, tolerance))

static inline int is_near(const char *what, double got, double expected, double tolerance)
{
	if (fabs(got - expected) <= tolerance)
		return 1;
	printf("# %s is %.9g, not %.9g +- %.3g\n", what, got, expected, tolerance);
	return 0;
}

#endif

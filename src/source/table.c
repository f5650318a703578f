/* The sources that tach has: the explicit list. Order is that of `tach list sources` and of reading. */
#include "source/self/self.h"

const struct source_ops *const source_table[] = {
	&source_self,
	NULL,
};

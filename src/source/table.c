/* The sources that tach has: the explicit list. Order is that of `tach list sources` and of reading. */
#include "source/blocked/blocked.h"
#ifdef HAVE_LIBBPF
#include "source/bpf/bpf.h"
#endif
#include "source/perf/perf.h"
#include "source/proc/proc.h"
#include "source/publish/publish_source.h"
#include "source/self/self.h"
#include "source/sockdiag/sockdiag.h"

const struct source_ops *const source_table[] = {
	&source_proc,
	&source_sockdiag,
	&source_self,
	&source_perf,
	&source_publish,
#ifdef HAVE_LIBBPF
	&source_bpf,
#endif
	&source_blocked, /* after bpf, whose place it takes */
	NULL,
};

/* What an errno of perf_event_open(2) means, in a sentence, and the command that mends it. */
#include "source/perf/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIX_SETCAP "setcap cap_perfmon+ep $(command -v tach)"
#define FIX_PARANOID "sysctl kernel.perf_event_paranoid=1 or " FIX_SETCAP

void perf_reason_set(struct perf_reason *r, enum point_state state, const char *fix, const char *format, ...)
{
	va_list ap;

	r->state = state;
	snprintf(r->fix, sizeof r->fix, "%s", fix);
	va_start(ap, format);
	vsnprintf(r->why, sizeof r->why, format, ap);
	va_end(ap);
}

/* "kernel.perf_event_paranoid is 2", or what can be said without it. What the value forbids is learned by trying:
 * kernels differ in what 3 and 4 mean. */
static const char *paranoid(const struct perf_kernel *k, char text[64])
{
	char file[16];

	if (k->file(k->context, "/proc/sys/kernel/perf_event_paranoid", file, sizeof file) <= 0)
		return "the kernel refuses it (EACCES)";
	snprintf(text, 64, "kernel.perf_event_paranoid is %ld", strtol(file, NULL, 10));
	return text;
}

static bool has_hypervisor(const struct perf_kernel *k)
{
	char text[8192]; /* the first CPU's flags are in there */

	return k->file(k->context, "/proc/cpuinfo", text, sizeof text) > 0 && strstr(text, " hypervisor");
}

void perf_explain_basic(const struct perf_kernel *k, int code, struct perf_reason *out)
{
	char text[64];

	if (code == EACCES)
		perf_reason_set(out, POINT_DENIED, FIX_PARANOID, "%s: without CAP_PERFMON nothing may be counted",
			paranoid(k, text));
	else if (code == EPERM)
		perf_reason_set(out, POINT_DENIED, "",
			"perf_event_open is forbidden here (seccomp or LSM; a container?)");
	else if (code == ENOSYS)
		perf_reason_set(out, POINT_ABSENT, "", "this kernel was built without perf events");
	else
		perf_reason_set(out, POINT_ABSENT, "", "perf_event_open does not work: %s", strerror(code));
}

void perf_explain_event(const struct perf_kernel *k, int code, const char *name, struct perf_reason *out)
{
	char text[64];

	switch (code) {
	case EACCES:
		perf_reason_set(out, POINT_DENIED, FIX_PARANOID,
			"%s is counted in the kernel part and %s: without CAP_PERFMON only the user part may be counted",
			name, paranoid(k, text));
		break;
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
	case EINVAL:
		perf_reason_set(out, POINT_ABSENT, "", "this CPU does not count %s", name);
		break;
	case EBUSY:
		perf_reason_set(out, POINT_ABSENT, "", "another program holds the counter for %s", name);
		break;
	case EMFILE:
		perf_reason_set(out, POINT_ABSENT, "ulimit -n 65536", "no file descriptor is left for %s", name);
		break;
	default:
		perf_explain_basic(k, code, out);
	}
}

void perf_explain_attach(int code, struct perf_reason *out)
{
	if (code == EACCES || code == EPERM)
		perf_reason_set(out, POINT_DENIED, FIX_SETCAP,
			"the process belongs to another user, or has rights that tach has not");
	else if (code == EMFILE || code == ENFILE)
		perf_reason_set(out, POINT_ABSENT, "ulimit -n 65536", "raise ulimit -n");
	else if (code == ECHILD || code == EINVAL || code == ENODEV) /* what attach.c could not overcome */
		perf_reason_set(out, POINT_ABSENT, "", "the thread forks too fast to be opened");
	else
		perf_reason_set(out, POINT_ABSENT, "", "perf_event_open: %s", strerror(code));
}

void perf_explain_no_pmu(const struct perf_kernel *k, struct perf_reason *out)
{
	perf_reason_set(out, POINT_ABSENT, "", has_hypervisor(k) ? "no PMU: this kernel sees none (virtual machine)" :
		"no PMU driver: this kernel sees no hardware counters");
}

void perf_explain_idle_pmu(const struct perf_kernel *k, struct perf_reason *out)
{
	perf_reason_set(out, POINT_ABSENT, "", has_hypervisor(k) ?
		"the PMU of this machine opens but does not count (hypervisor)" :
		"the PMU of this machine opens but does not count (does another program hold its counters?)");
}

void perf_explain_never_ran(const struct perf_kernel *k, struct perf_reason *out)
{
	char file[16];
	bool watchdog = k->file(k->context, "/proc/sys/kernel/nmi_watchdog", file, sizeof file) > 0 && file[0] == '1';

	if (watchdog)
		perf_reason_set(out, POINT_ABSENT, "sysctl kernel.nmi_watchdog=0",
			"the counter never ran (the NMI watchdog or another program holds what it needs)");
	else
		perf_reason_set(out, POINT_ABSENT, "",
			"the counter never ran (another program or the hypervisor holds it)");
}

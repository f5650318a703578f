/* Capabilities, the kernel's type information, and the reasons for a refusal. */
#include "source/bpf/privilege.h"

#include "base/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#define FIX "setcap cap_bpf,cap_perfmon+ep $(command -v tach), or run it as root"

bool privilege_has(struct err *why, struct err *fix)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		err_set(why, ENOENT, "this kernel has no type information (CONFIG_DEBUG_INFO_BTF)");
		return false;
	}
	if (caps_has(CAP_SYS_ADMIN) || (caps_has(CAP_BPF) && caps_has(CAP_PERFMON)))
		return true;
	err_set(why, EPERM, "loading probes needs CAP_BPF and CAP_PERFMON");
	err_set(fix, 0, FIX);
	return false;
}

int privilege_explain(int error, struct err *why, struct err *fix)
{
	struct err missing;

	if (error == EPERM && !privilege_has(&missing, fix))
		return err_set(why, EPERM, "%s", missing.text);
	if (error == EPERM)
		return err_set(why, EPERM, "this kernel refuses such programs (lockdown, or its configuration)");
	if (error == ESRCH)
		return err_set(why, ENOENT, "this kernel has no such hook");
	return err_set(why, error, "the kernel does not load it: %s", strerror(error));
}

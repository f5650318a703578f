/* One walk over /proc: for names, and for children on kernels without CONFIG_PROC_CHILDREN. Never on a usual tick. */
#include "target/private.h"

#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

void scan_processes(void (*visit)(void *context, pid_t pid, int dir), void *context)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		uint64_t pid;
		int dir;

		if (!str_to_u64(entry->d_name, INT_MAX, &pid))
			continue;
		dir = openat(dirfd(proc), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		visit(context, (pid_t)pid, dir);
		close(dir);
	}
	if (proc)
		closedir(proc);
}

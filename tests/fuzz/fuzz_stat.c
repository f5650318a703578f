/* Any bytes as /proc/PID/stat: a process chooses its own name. */
#include "fuzz.h"

#include "target/stat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct proc_stat st;

	if (stat_parse(text, size, &st)) {
		if (strnlen(st.comm, sizeof st.comm) == sizeof st.comm)
			abort();
		stat_is_dead(&st);
	}
	free(text);
	return 0;
}

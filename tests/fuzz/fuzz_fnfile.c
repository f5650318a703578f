/* Any bytes as the file of a program whose functions are asked for: it belongs to the target. */
#include "fuzz.h"

#ifdef HAVE_LIBBPF
#include "source/bpf/fn_resolve.h"

#include <sys/mman.h>
#include <unistd.h>

static void resolve(const struct fn_file *f, const char *words)
{
	struct fn_match list[8];
	struct fn_spec spec;
	struct err e;
	size_t more, n;

	if (fn_spec_parse(words, &spec, &e))
		abort();
	n = fn_resolve(f, "it", &spec, list, 8, &more, &e);
	if (n > 8 || (!n && !e.text[0]))
		abort();
	for (size_t i = 0; i < n; i++)
		if (!list[i].entry || strnlen(list[i].name, FN_TEXT) == FN_TEXT)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct fn_file f;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (!fn_file_open(&f, fd)) {
		resolve(&f, "main");
		resolve(&f, "*");
		resolve(&f, "f:0x1000");
		resolve(&f, "usdt:f:hit");
	}
	fn_file_close(&f);
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	(void)size;
	return 0;
}
#endif

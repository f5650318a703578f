/* capget(2) and capset(2), without a library. */
#include "base/caps.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORDS 2

static bool get(struct __user_cap_data_struct data[WORDS])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &head, data) == 0;
}

bool caps_has(unsigned capability)
{
	struct __user_cap_data_struct data[WORDS] = { { 0 } };

	return get(data) && data[capability / 32].effective >> capability % 32 & 1;
}

void caps_keep(const unsigned *capabilities, size_t count)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[WORDS] = { { 0 } };
	uint32_t keep[WORDS] = { 0 };

	for (size_t i = 0; i < count; i++)
		keep[capabilities[i] / 32] |= 1u << capabilities[i] % 32;
	if (!get(data))
		return;
	for (int i = 0; i < WORDS; i++) {
		data[i].permitted &= keep[i];
		data[i].effective &= keep[i];
		data[i].inheritable &= keep[i];
	}
	syscall(SYS_capset, &head, data);
}

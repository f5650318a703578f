/* The workloads that tach has: the explicit list. */
#include "workload/workload.h"

#include "workload/crypto_aead.h"
#include "workload/packet_udp.h"

const struct workload_ops *const workload_table[] = {
	&workload_packet_udp,
	&workload_crypto_aead,
	NULL,
};

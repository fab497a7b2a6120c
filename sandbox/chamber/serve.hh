#pragma once

#include "sandbox/base/channel.hh"

namespace caisson::sandbox {

/// Answers the runner's requests until it goes away. One thread, one loop: requests carry ids,
/// replies come in the order in which the work ends. A request that fails is a reply; only a
/// channel that fails is an Error.
void serve(const Channel& runner, int trees);

} // namespace caisson::sandbox

#pragma once

#include "runner/image/descriptor.hh"
#include "runner/store/store.hh"

namespace caisson::runner {

/// Reads plain tar from `input` to its end, and stores it gzip-compressed: diff id, blob digest and
/// size come from these very bytes. The same tar gives the same blob (no name, no time in the
/// header; ISA-L at a fixed level).
[[nodiscard]] Layer store_layer(Store& store, int input);

} // namespace caisson::runner

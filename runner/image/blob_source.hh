#pragma once

#include "runner/image/base_image.hh"

#include <functional>
#include <string>
#include <string_view>

namespace caisson::runner {

/// Where an image comes from: a layout, a registry. It only brings bytes; what they are is checked
/// in one place, take_in.
class BlobSource {
public:
    BlobSource() = default;
    BlobSource(const BlobSource&) = delete;
    BlobSource& operator=(const BlobSource&) = delete;
    virtual ~BlobSource() = default;

    using Sink = std::function<void(std::string_view)>;
    /// The bytes of a manifest, index, configuration or layer in order; the sink throws when there
    /// are too many. Called by several threads at once.
    virtual void read(const Descriptor& descriptor, const Sink& sink) = 0;
};

/// Follows `start` to the image for `architecture` (empty: of an index the one for this machine,
/// else any whose programs run here) and takes its manifest, configuration and layers into the
/// store, each with its digest and size checked, several layers at once; what the store has already
/// is not read again.
/// Leaves `source` and `resolved` to the caller. Errors are of kind kInput.
[[nodiscard]] BaseImage take_in(Store& store,
                                BlobSource& source,
                                const Descriptor& start,
                                const std::string& architecture = {});

/// The manifest, configuration and layers of an image that the store holds.
[[nodiscard]] BaseImage read_image(const Store& store, const Descriptor& descriptor);

} // namespace caisson::runner

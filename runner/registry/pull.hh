#pragma once

#include "runner/image/base_image.hh"
#include "runner/image/blob_source.hh"
#include "runner/image/reference.hh"
#include "runner/registry/repository.hh"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// An image in a registry, or in one of its mirrors: those are asked first, and where one does not
/// have it, or fails, the next; for what a tag means only where the user trusts them with it.
/// `access` must live as long.
class RemoteImage : public BlobSource {
public:
    RemoteImage(const RegistryAccess& access, Reference reference);

    /// The manifest or index that the reference means, put into the store.
    [[nodiscard]] Descriptor resolve(Store& store);
    void read(const Descriptor& descriptor, const Sink& sink) override;

private:
    struct Place {
        std::unique_ptr<Repository> repository;
        bool tags = true;
    };

    /// Until one returns true; the last one must. Where an attempt fails while `ours` is true it
    /// was not the place's fault, and nobody else is asked.
    template<class Attempt>
    void at_each(bool by_digest, Attempt&& attempt, const bool& ours);
    [[nodiscard]] std::string wanted() const;

    Reference reference_;
    std::vector<Place> places_; ///< the registry itself comes last
};

/// Brings an image into the store, its layers side by side, each digest checked while it streams.
/// `architecture`: as in take_in.
[[nodiscard]] BaseImage pull(Store& store,
                             const RegistryAccess& access,
                             const std::string& reference,
                             const std::string& architecture = {});

/// Gives a pulled image its name in the store, as `docker pull` does; one that was asked for by
/// digest has none. Returns what the name meant before, where that is another image that was
/// pulled too.
std::optional<attest::Digest> keep_pulled(Store& store, const BaseImage& image);

} // namespace caisson::runner

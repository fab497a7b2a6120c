#include "runner/image/manifest.hh"
#include "runner/store/directory.hh"
#include "runner/store/state.hh"
#include "runner/store/store.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

/// Every `"sha256": "<hex>"` of a statement: plans, logs and the like, by which an auditor asks for
/// more than it says.
void add_digests(const json& value, std::set<attest::Digest>& named)
{
    if (value.is_structured())
        for (const json& each : value)
            add_digests(each, named);
    if (!value.is_object() || !value.contains("sha256") || !value["sha256"].is_string()) return;
    if (auto digest = attest::Digest::parse("sha256:" + value["sha256"].get<std::string>()))
        named.insert(std::move(*digest));
}

/// What an attestation of ours names; what cannot be read names nothing.
void add_byproducts(const std::string& bundle, std::set<attest::Digest>& named)
{
    const json whole = json::parse(bundle, nullptr, false);
    const json::json_pointer payload("/dsseEnvelope/payload");
    if (!whole.is_object() || !whole.contains(payload) || !whole[payload].is_string()) return;
    const auto text = base64_decode(whole[payload].get<std::string>());
    if (text) add_digests(json::parse(*text, nullptr, false), named);
}

struct stat status_of(const UniqueFd& place, const std::string& name)
{
    struct stat status = {};
    if (::fstatat(place.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT)
        throw SysError(errno, "stat \"" + name + "\" in the store");
    return status;
}

} // namespace

std::size_t Store::State::remove_unused(const UniqueFd& place, std::time_t since) const
{
    std::size_t removed = 0;
    for (const std::string& name : names_in(place.get())) {
        if (status_of(place, name).st_mtime >= since) continue;
        remove_entry(place, name);
        ++removed;
    }
    return removed;
}

std::set<attest::Digest> Store::State::named_blobs(const Store& store) const
{
    std::set<attest::Digest> named;
    for (const ImageRef& image : store.images()) {
        named.insert(image.manifest.digest);
        if (!image.bundle.empty()) named.insert(image.bundle);
        if (!store.has_blob(image.manifest.digest, image.manifest.size)) continue;
        const Manifest manifest =
            manifest_from_json(store.read_blob(image.manifest.digest), image.manifest.media_type);
        named.insert(manifest.config.digest);
        for (const Descriptor& layer : manifest.layers)
            named.insert(layer.digest);
    }
    for (const std::string& name : names_in(steps.get())) {
        const auto body = find_entry(steps, name);
        const json entry = body ? json::parse(*body, nullptr, false) : json();
        const json::json_pointer digest("/layer/blob/digest");
        if (!entry.is_object() || !entry.contains(digest)) continue;
        if (auto layer = attest::Digest::parse(entry[digest].get<std::string>()))
            named.insert(std::move(*layer));
    }
    return named;
}

std::set<attest::Digest> Store::State::kept_blobs(const Store& store) const
{
    std::set<attest::Digest> kept = named_blobs(store);
    for (const ImageRef& image : store.images())
        if (!image.bundle.empty() && store.has_blob(image.bundle))
            add_byproducts(store.read_blob(image.bundle), kept);
    return kept;
}

Store::Usage Store::usage() const
{
    Usage usage{.images = names_in(state_->images.get()).size(),
                .steps = names_in(state_->steps.get()).size(),
                .trees = names_in(state_->trees.get()).size()};
    const std::set<attest::Digest> named = state_->kept_blobs(*this);
    for (const std::string& name : names_in(state_->blobs.get())) {
        const auto size = static_cast<std::uint64_t>(status_of(state_->blobs, name).st_size);
        ++usage.blobs;
        usage.blob_bytes += size;
        const auto digest = attest::Digest::parse("sha256:" + name);
        if (digest && named.contains(*digest)) continue;
        ++usage.loose_blobs;
        usage.loose_bytes += size;
    }
    return usage;
}

Store::Collected Store::collect(std::optional<std::chrono::hours> age)
{
    const std::lock_guard lock(state_->mutex);
    const WorksAlone alone(state_->lock.get());
    Collected collected;
    // entries before what they name: whatever interrupts this leaves nothing that names what is
    // gone
    if (age) {
        const std::time_t oldest = std::time(nullptr) - std::chrono::seconds(*age).count();
        collected.steps = state_->remove_unused(state_->steps, oldest);
        (void)state_->remove_unused(state_->layers, oldest);
    }
    const std::set<attest::Digest> named = state_->kept_blobs(*this);
    for (const std::string& name : names_in(state_->blobs.get())) {
        const auto digest = attest::Digest::parse("sha256:" + name);
        if (digest && named.contains(*digest)) continue;
        collected.bytes += static_cast<std::uint64_t>(status_of(state_->blobs, name).st_size);
        ++collected.blobs;
        state_->remove_entry(state_->blobs, name);
    }
    const std::vector<std::string> kept = state_->named_trees();
    const std::set<std::string> used(kept.begin(), kept.end());
    for (std::string& tree : names_in(state_->trees.get()))
        if (is_tree_name(tree) && !used.contains(tree)) collected.trees.push_back(std::move(tree));
    return collected;
}

} // namespace caisson::runner

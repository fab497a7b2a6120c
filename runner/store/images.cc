#include "runner/image/reference.hh"
#include "runner/store/directory.hh"
#include "runner/store/state.hh"
#include "runner/store/store.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/log.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestPlain = 160;

/// A name as one file name: what is not a letter, digit, dot, dash or underscore as %XX. A long one
/// (NAME_MAX is 255) is cut and told apart by its digest. The parser has let in nothing that begins
/// with a dot.
std::string file_name(const std::string& name)
{
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string escaped;
    for (const char letter : name) {
        const auto byte = static_cast<unsigned char>(letter);
        const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                           (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' ||
                           letter == '_';
        if (plain)
            escaped += letter;
        else
            (escaped += '%').append({kDigits[byte >> 4U], kDigits[byte & 0xfU]});
    }
    if (escaped.size() > kLongestPlain)
        escaped = escaped.substr(0, kLongestPlain) + "~" + attest::Digest::of(name).hex();
    return escaped + ".json";
}

std::string dump(const ImageRef& ref)
{
    const json value = {{"name", ref.name},
                        {"manifest", to_json(ref.manifest)},
                        {"bundle", ref.bundle.empty() ? "" : ref.bundle.text()},
                        {"created", ref.created},
                        {"origin", ref.origin},
                        {"index", ref.index.empty() ? "" : ref.index.text()}};
    return value.dump();
}

ImageRef image_from_text(const std::string& text)
{
    const json value = json::parse(text);
    return {.name = value.at("name"),
            .manifest = descriptor_from_json(value.at("manifest")),
            .bundle = digest_of_text(value.at("bundle")),
            .created = value.at("created"),
            .origin = value.value("origin", ""), // versions before kept none of these two
            .index = digest_of_text(value.value("index", ""))};
}

/// The name under which the store keeps an image; one with a digest cannot be given.
std::string stored_name(const std::string& name)
{
    const Reference reference = Reference::parse(name);
    if (reference.digest)
        throw Error(ErrorKind::kUsage,
                    "\"" + printable(name) + "\" has a digest, which follows from the image",
                    "give a name and a tag");
    return reference.familiar();
}

} // namespace

attest::Digest digest_of_text(const std::string& text)
{
    return attest::Digest::parse(text).value_or(attest::Digest());
}

std::vector<ImageRef> Store::images() const
{
    std::vector<ImageRef> images;
    for (const std::string& file : names_in(state_->images.get())) {
        if (const auto body = state_->find_entry(state_->images, file))
            images.push_back(image_from_text(*body));
        else
            say("warning: the entry \"" + printable(file) + "\" of an image is damaged");
    }
    std::ranges::sort(images, {}, &ImageRef::name);
    return images;
}

std::optional<ImageRef> Store::find_image(const std::string& name_or_digest) const
{
    std::optional<attest::Digest> digest = attest::Digest::parse(name_or_digest);
    std::string repository;
    if (!digest) {
        const Reference reference = Reference::parse(name_or_digest);
        digest = reference.digest;
        repository = reference.familiar_repository();
    }
    if (digest) {
        for (ImageRef& image : images())
            if (image.manifest.digest == *digest &&
                (repository.empty() ||
                 Reference::parse(image.name).familiar_repository() == repository))
                return std::move(image);
        return std::nullopt;
    }
    const std::string name = stored_name(name_or_digest);
    const std::string file = file_name(name);
    const auto body = state_->find_entry(state_->images, file);
    if (!body) {
        if (::faccessat(state_->images.get(), file.c_str(), F_OK, 0) != 0) return std::nullopt;
        throw Error(ErrorKind::kInput,
                    "the store's entry of image \"" + name + "\" is damaged",
                    "build it again, or remove it: caisson image rm " + name);
    }
    ImageRef image = image_from_text(*body);
    return image.name == name ? std::optional(std::move(image)) : std::nullopt;
}

void Store::put_image(const ImageRef& ref)
{
    ImageRef stored = ref;
    stored.name = stored_name(ref.name);
    state_->put_entry(state_->images, file_name(stored.name), dump(stored));
}

bool Store::remove_image(const std::string& name)
{
    if (::unlinkat(state_->images.get(), file_name(stored_name(name)).c_str(), 0) == 0) return true;
    if (errno == ENOENT) return false;
    throw SysError(errno, "remove image \"" + printable(name) + "\"");
}

} // namespace caisson::runner

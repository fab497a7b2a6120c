#include "runner/image/blob_source.hh"
#include "runner/image/json_input.hh"
#include "runner/image/manifest.hh"
#include "runner/image/platform.hh"
#include "runner/image/purl.hh"
#include "runner/store/directory.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <cctype>
#include <fcntl.h>
#include <sys/stat.h>
#include <vector>

namespace caisson::runner {
namespace {

constexpr std::size_t kChunk = 1U << 20;

UniqueFd open_regular(int directory, const std::string& name)
{
    // O_NONBLOCK: a fifo must not make us wait
    UniqueFd file = open_file_at(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0) throw SysError(errno, "stat \"" + name + "\"");
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::kInput, "\"" + name + "\" is not a regular file");
    return file;
}

/// An OCI image layout (image-spec image-layout.md). Opened one component at a time and without
/// following a link: the names below are ours or hexadecimal digits, so nothing outside is reached.
class Layout : public BlobSource {
public:
    explicit Layout(const std::filesystem::path& directory)
        : directory_(open_file(directory, O_RDONLY | O_DIRECTORY))
    {
        const nlohmann::json marker = parse_object(read_text("oci-layout", 4096));
        if (!string_member(marker, "imageLayoutVersion").starts_with("1."))
            throw Error(ErrorKind::kInput, "\"oci-layout\" names a version that is not 1.0.0");
        const UniqueFd blobs = open_directory(directory_.get(), "blobs");
        blobs_ = open_directory(blobs.get(), "sha256");
    }

    [[nodiscard]] std::vector<Descriptor> index() const
    {
        const std::string text = read_text("index.json", kManifestLimit);
        return in_context("\"index.json\"", [&] { return index_from_json(text, kOciIndex); });
    }

    void read(const Descriptor& descriptor, const Sink& sink) override
    {
        const UniqueFd blob = open_regular(blobs_.get(), descriptor.digest.hex());
        std::vector<char> chunk(kChunk);
        for (;;) {
            const ssize_t got = ::read(blob.get(), chunk.data(), chunk.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw SysError(errno, "read");
            if (got == 0) return;
            sink({chunk.data(), static_cast<std::size_t>(got)});
        }
    }

private:
    [[nodiscard]] std::string read_text(const std::string& name, std::size_t limit) const
    {
        const UniqueFd file = open_regular(directory_.get(), name);
        return read_all(file.get(), limit, "\"" + name + "\"");
    }

    UniqueFd directory_;
    UniqueFd blobs_;
};

std::string annotation(const Descriptor& descriptor, const char* name)
{
    const auto found = descriptor.annotations.find(name);
    return found == descriptor.annotations.end() ? "" : found->second;
}

std::string list_names(const std::vector<Descriptor>& images)
{
    std::string names;
    for (const Descriptor& image : images) {
        const std::string name = annotation(image, kRefName);
        names += (names.empty() ? "" : ", ") +
                 (name.empty() ? "@" + image.digest.text() : "\"" + printable(name) + "\"");
    }
    return names;
}

/// The one that the user means. An attestation (a manifest with an artifact type) is never it.
Descriptor
choose(std::vector<Descriptor> images, const std::string& wanted, const std::string& architecture)
{
    std::erase_if(images, [](const Descriptor& image) { return !image.artifact_type.empty(); });
    const std::string all = list_names(images);
    const std::size_t at = wanted.find('@');
    const std::string digest = wanted.starts_with("sha256:") ? wanted
                               : at == std::string::npos     ? ""
                                                             : wanted.substr(at + 1);
    const std::string tag = wanted.starts_with("sha256:") ? "" : wanted.substr(0, at);
    std::erase_if(images, [&](const Descriptor& image) {
        const bool named = tag.empty() || annotation(image, kRefName) == tag ||
                           annotation(image, kImageName) == tag;
        return !named || (!digest.empty() && image.digest.text() != digest);
    });
    // one image under two names is one image
    std::ranges::sort(images, {}, &Descriptor::digest);
    const auto same = [](const Descriptor& one, const Descriptor& other) {
        return one.digest == other.digest;
    };
    images.erase(std::unique(images.begin(), images.end(), same), images.end());
    if (images.size() > 1)
        std::erase_if(images, [&](const Descriptor& image) {
            return !image.platform.is_null() && !is_for(image.platform, architecture);
        });
    if (images.size() == 1) return images.front();

    const std::string what = wanted.empty() ? "" : " \"" + printable(wanted) + "\"";
    throw Error(ErrorKind::kInput,
                (images.empty() ? "it has no image" : "it has several images") + what,
                all.empty() ? "" : "it has " + all);
}

/// The last part of a path as purl's "oci" type wants it.
std::string package_name(const std::filesystem::path& directory)
{
    std::error_code ignored;
    const std::filesystem::path whole = std::filesystem::weakly_canonical(directory, ignored);
    std::string name = whole.filename().native();
    std::ranges::transform(name, name.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return name.empty() ? "layout" : name;
}

} // namespace

BaseImage load_from_layout(Store& store,
                           const std::filesystem::path& directory,
                           const std::string& tag_or_digest,
                           const std::string& architecture)
{
    const std::string wanted =
        tag_or_digest.starts_with("@") ? tag_or_digest.substr(1) : tag_or_digest;
    const std::string separator = wanted.empty() ? "" : wanted.starts_with("sha256:") ? "@" : ":";
    const std::string source = "oci-layout://" + directory.native() + separator + wanted;
    return in_context("take in \"" + printable(source) + "\"", [&] {
        Layout layout(directory);
        const Descriptor chosen = choose(
            layout.index(), wanted, architecture.empty() ? host_architecture() : architecture);
        BaseImage image = take_in(store, layout, chosen, architecture);
        image.source = source;
        image.resolved = package_url("oci",
                                     package_name(directory),
                                     image.manifest.digest.text(),
                                     {{"platform", "linux/" + image.config.architecture},
                                      {"tag", annotation(chosen, kRefName)}});
        return image;
    });
}

} // namespace caisson::runner

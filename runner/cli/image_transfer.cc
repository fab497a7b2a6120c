// `caisson image pull`, `push` and `copy`: how images come into the store and get out of it.

#include "runner/cli/image_store.hh"
#include "runner/image/output.hh"
#include "runner/image/platform.hh"
#include "runner/image/reference.hh"
#include "runner/job/interrupt.hh"
#include "runner/registry/pull.hh"
#include "runner/registry/push.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/log.hh"
#include "sandbox/base/text.hh"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>

namespace caisson::runner {
namespace {

RegistryAccess access_to_registries()
{
    return RegistryAccess::of_this_user(false, [] { Interrupt::check(); });
}

void say_done(const std::string& text)
{
    if (std::fputs((text + "\n").c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        throw SysError(errno, "write to standard output");
}

// ---- pull

int pull_image(const std::string& name, const std::string& platform)
{
    const Interrupt interrupt;
    const std::unique_ptr<Store> store = open_store();
    const RegistryAccess access = access_to_registries();
    const std::string architecture = platform.empty() ? "" : architecture_of_platform(platform);
    const BaseImage image = pull(*store, access, name, architecture);
    if (const auto former = keep_pulled(*store, image))
        say("it has moved: it was " + former->text());
    say_done(image.manifest.digest.text());
    return 0;
}

// ---- push

int push_image(const std::string& name, const std::string& target)
{
    const Interrupt interrupt;
    const std::unique_ptr<Store> store = open_store();
    const ImageRef ref = require_image(*store, name);
    Reference to = Reference::parse(target.empty() ? ref.name : target);
    if (to.digest)
        throw Error(ErrorKind::kUsage,
                    "\"" + printable(target) + "\" has a digest, which follows from the image",
                    "give a name and a tag");
    if (to.tag.empty()) to.tag = "latest";
    const RegistryAccess access = access_to_registries();
    const Pushed pushed =
        push(*store, access, {.manifest = ref.manifest, .bundle = ref.bundle}, to);
    say_done(to.repository() + "@" + pushed.digest.text());
    return 0;
}

// ---- copy

/// `oci:DIR[:tag]` or `oci-archive:FILE[:tag]`, as skopeo writes them.
struct Destination {
    bool archive = false;
    std::string path;
    std::string tag;
};

Destination parse_destination(const std::string& text)
{
    Destination destination;
    std::string rest;
    if (text.starts_with("oci:")) {
        rest = text.substr(4);
    } else if (text.starts_with("oci-archive:")) {
        destination.archive = true;
        rest = text.substr(12);
    } else {
        throw Error(ErrorKind::kUsage,
                    "destination \"" + printable(text) + "\" is of no known kind",
                    "oci:DIR[:tag] or oci-archive:FILE[:tag]");
    }
    const std::size_t colon = rest.rfind(':');
    if (colon != std::string::npos && rest.find('/', colon) == std::string::npos) {
        destination.tag = rest.substr(colon + 1);
        rest.resize(colon);
    }
    destination.path = rest;
    if (rest.empty()) throw Error(ErrorKind::kUsage, "the destination names no path");
    return destination;
}

int copy(const std::string& name, const std::string& target)
{
    const Destination destination = parse_destination(target);
    const std::unique_ptr<Store> store = open_store();
    const ImageRef ref = require_image(*store, name);
    std::string new_name = ref.name;
    if (!destination.tag.empty())
        new_name = Reference::parse(Reference::parse(ref.name).repository() + ":" + destination.tag)
                       .familiar();
    const OutputImage image{.manifest = ref.manifest, .names = {new_name}, .bundle = ref.bundle};
    if (destination.archive)
        write_oci_archive(*store, image, destination.path);
    else
        write_oci_layout(*store, image, destination.path);
    return 0;
}

struct TransferOptions {
    std::string name;
    std::string destination;
    std::string platform;
};

} // namespace

std::unique_ptr<Store> open_store()
{
    return Store::open(Store::default_path());
}

ImageRef require_image(const Store& store, const std::string& name)
{
    std::optional<ImageRef> image = store.find_image(name);
    if (!image)
        throw Error(ErrorKind::kInput,
                    "no image \"" + printable(name) + "\" in the store \"" + store.root().native() +
                        "\"",
                    "caisson image list shows what there is");
    return std::move(*image);
}

std::string in_units(std::uint64_t bytes)
{
    constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    auto amount = static_cast<double>(bytes);
    for (; amount >= 999.5 && unit + 1 < kUnits.size(); ++unit)
        amount /= 1000;
    std::array<char, 32> text = {};
    (void)std::snprintf(text.data(),
                        text.size(),
                        unit == 0 || amount >= 9.95 ? "%.0f %s" : "%.1f %s",
                        amount,
                        kUnits[unit]);
    return text.data();
}

Action add_image_transfer(CLI::App& app)
{
    const auto options = std::make_shared<TransferOptions>();

    CLI::App* pull_verb =
        app.add_subcommand("pull", "Bring an image from a registry; prints its digest");
    pull_verb->add_option("REFERENCE", options->name, "[HOST[:PORT]/]PATH[:TAG][@DIGEST]")
        ->required();
    pull_verb->add_option(
        "--platform", options->platform, "As in linux/386 (default: this machine's)");

    CLI::App* push_verb = app.add_subcommand(
        "push", "Push an image and its attestation to a registry; prints where it is by digest");
    push_verb->add_option("NAME", options->name, "A name or a digest")->required();
    push_verb->add_option("REFERENCE", options->destination, "Where to (default: NAME)");

    CLI::App* copy_verb = app.add_subcommand(
        "copy", "Write an image and its attestation as an OCI layout or archive");
    copy_verb->add_option("NAME", options->name, "A name or a digest")->required();
    copy_verb
        ->add_option("DESTINATION", options->destination, "oci:DIR[:tag] or oci-archive:FILE[:tag]")
        ->required();

    return [=] {
        if (pull_verb->parsed()) return pull_image(options->name, options->platform);
        if (push_verb->parsed()) return push_image(options->name, options->destination);
        return copy(options->name, options->destination);
    };
}

} // namespace caisson::runner

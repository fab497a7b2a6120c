// Hostile layers and added archives: whatever the bytes, nothing outside the tree changes and every
// refusal is an Error.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/sys/path.hh"
#include "tests/fuzz/tar_checksums.hh"

#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace caisson;

UniqueFd memory_file(std::string_view bytes)
{
    UniqueFd file(::memfd_create("layer", MFD_CLOEXEC));
    write_all(file.get(), bytes);
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
}

/// Memory, where there is some: a disk would be the slowest part.
fs::path fast_directory()
{
    return fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
}

/// Unpacks into a fresh tree below `place`, which must hold nothing else afterwards.
template<class Unpack>
void unpack_into(const fs::path& place, std::string_view bytes, const Unpack& unpack)
{
    const UniqueFd parent = open_file(place, O_RDONLY | O_DIRECTORY);
    sandbox::sys::mkdirat(parent.get(), "tree", 0755);
    try {
        const UniqueFd root = open_file(place / "tree", O_RDONLY | O_DIRECTORY);
        unpack(root.get(), memory_file(bytes).get());
    } catch (const Error&) {
        // a refusal: the expected end of most inputs
    }
    if (std::distance(fs::directory_iterator(place), {}) != 1) std::abort();
    sandbox::remove_tree(parent.get(), "tree");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const TempDirectory kPlace(fast_directory(), "caisson-fuzz-");
    const std::string bytes =
        fuzz::with_checksums(std::string(reinterpret_cast<const char*>(data), size));
    unpack_into(
        kPlace.path(), bytes, [](int root, int input) { sandbox::unpack_layer(root, input); });
    unpack_into(kPlace.path(), bytes, [](int root, int input) {
        sandbox::receive_files(root, {.destination = "/a/b", .archive = true}, input);
    });
    return 0;
}

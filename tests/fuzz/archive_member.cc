// An image in one file, as verify is given it: an Error of kind kInput, or one file that is no
// larger than the archive.
#include "sandbox/chamber/archive_member.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "tests/fuzz/tar_checksums.hh"

#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace caisson;
    const std::string bytes =
        fuzz::with_checksums(std::string(reinterpret_cast<const char*>(data), size));
    const UniqueFd archive = make_sealed_memfd("archive", bytes);
    const UniqueFd output(::memfd_create("output", MFD_CLOEXEC));
    try {
        const std::uint64_t written =
            sandbox::write_archive_member(archive.get(), "index.json", output.get());
        if (written > size || ::lseek(output.get(), 0, SEEK_END) != static_cast<off_t>(written))
            std::abort();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::kInput) std::abort();
        if (::lseek(output.get(), 0, SEEK_END) > static_cast<off_t>(size)) std::abort();
    }
    return 0;
}

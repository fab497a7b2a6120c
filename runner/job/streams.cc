#include "runner/job/streams.hh"

#include "sandbox/base/file.hh"

#include <unistd.h>
#include <vector>

namespace caisson::runner {
namespace {

template<class Sink>
attest::Digest read_hashing(int input, Sink&& sink)
{
    attest::Sha256 hash;
    std::vector<char> buffer(256U << 10U);
    for (;;) {
        const ssize_t got = ::read(input, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read");
        if (got == 0) return std::move(hash).finish();
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
        hash.update(bytes);
        sink(bytes);
    }
}

} // namespace

attest::Digest copy_hashing(int input, int output)
{
    return read_hashing(input, [output](std::string_view bytes) { write_all(output, bytes); });
}

attest::Digest hash_stream(int input)
{
    return read_hashing(input, [](std::string_view) {});
}

} // namespace caisson::runner

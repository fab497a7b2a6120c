// Runs a fuzz target over its seed corpus, where it is not built with libFuzzer.
#include "sandbox/base/file.hh"

#include <cstdint>
#include <cstdio>
#include <filesystem>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv)
{
    int seeds = 0;
    for (int index = 1; index < argc; ++index)
        for (const auto& entry : std::filesystem::directory_iterator(argv[index])) {
            const std::string bytes = caisson::read_file(entry.path(), 1U << 24);
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                   bytes.size());
            ++seeds;
        }
    std::printf("%d seeds\n", seeds);
    return seeds == 0 ? 1 : 0;
}

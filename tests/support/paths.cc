#include "tests/support/paths.hh"

namespace caisson::checkout {

std::filesystem::path source()
{
    return CAISSON_SOURCE_DIR;
}

std::filesystem::path shared()
{
    return source().parent_path() / "shared";
}

std::filesystem::path bin()
{
    return CAISSON_BUILD_DIR "/bin";
}

std::filesystem::path build()
{
    return CAISSON_BUILD_DIR;
}

std::filesystem::path probe()
{
    return CAISSON_BUILD_DIR "/bin/caisson-probe";
}

std::filesystem::path hog()
{
    return CAISSON_BUILD_DIR "/tests/caisson-hog";
}

std::filesystem::path real()
{
    return CAISSON_BUILD_DIR "/real";
}

std::filesystem::path readers()
{
    return CAISSON_BUILD_DIR "/readers";
}

} // namespace caisson::checkout

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace caisson::runner {

/// The plain tar (ustar) that an OCI archive is: regular files and directories with short names,
/// owner 0, time 0, so that the same image is the same archive.
class TarArchive {
public:
    using Sink = std::function<void(std::string_view)>;
    explicit TarArchive(Sink sink)
        : sink_(std::move(sink))
    {}

    void add_directory(const std::string& name); ///< with its closing slash
    void add_file(const std::string& name, std::string_view content);
    /// A header; exactly `size` bytes must follow by write().
    void begin_file(const std::string& name, std::uint64_t size);
    void write(std::string_view bytes);
    void finish(); ///< the two zero blocks

private:
    void header(const std::string& name, char type, std::uint64_t size);

    Sink sink_;
    std::uint64_t left_ = 0; ///< of the file that was begun
    std::uint64_t size_ = 0;
};

} // namespace caisson::runner

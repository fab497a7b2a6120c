// type=local: the one thing that is written as the invoking user. No namespace, since its files are
// to be the user's own; the walls are openat2 beneath the destination and those of worker_walls.hh.
#include "sandbox/chamber/extract_mode.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/trees.hh"
#include "sandbox/chamber/worker_walls.hh"
#include "sandbox/messages.hh"
#include "sandbox/sys/process.hh"

#include <nlohmann/json.hpp>

namespace caisson::sandbox {
namespace {

constexpr int kStandardOutput = 1;

} // namespace

int run_extract_mode(UniqueFd input, UniqueFd destination)
{
    std::string answer;
    try {
        sys::set_parent_death_signal();
        raise_writer_walls(destination.get());
        const TreeStats stats = extract_plain(destination.get(), input.get());
        answer = nlohmann::json{{"result", to_json(stats)}}.dump();
    } catch (const Error& error) {
        answer = error_to_json(error);
    }
    write_all(kStandardOutput, answer);
    return 0;
}

} // namespace caisson::sandbox

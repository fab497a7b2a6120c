#pragma once

#include "attest/digest.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/scope_exit.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/launch.hh"

#include <cerrno>
#include <future>
#include <utility>

namespace caisson::runner {

/// Copies all of `input` to `output` and returns the digest of what went through.
attest::Digest copy_hashing(int input, int output);

/// Reads `input` to its end and returns the digest of what came.
attest::Digest hash_stream(int input);

/// Runs `write`, which writes a worker's input, closes `output` and waits for the worker. When the
/// worker gave up, the writer sees only a closed pipe: then the worker's error is the one that is
/// thrown.
template<class Write>
sandbox::TreeStats feed(std::future<sandbox::TreeStats>& worker, Write&& write, UniqueFd& output)
try {
    // whatever happens, the worker has ended before its tree is used or removed
    const ScopeExit settle([&] {
        output.reset();
        if (worker.valid()) worker.wait();
    });
    std::forward<Write>(write)();
    output.reset();
    return worker.get();
} catch (const SysError& error) {
    if (error.number() == EPIPE && worker.valid()) worker.get();
    throw;
}

} // namespace caisson::runner

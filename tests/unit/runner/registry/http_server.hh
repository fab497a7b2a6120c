#pragma once

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/unique_fd.hh"

#include <arpa/inet.h>
#include <cerrno>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace caisson::testing {

/// An HTTP server on a port of the loopback interface, for registries that misbehave. One request a
/// connection.
class HttpServer {
public:
    /// Gets the head of a request as it came, gives the whole response.
    using Handler = std::function<std::string(const std::string& head)>;

    explicit HttpServer(Handler handler)
        : handler_(std::move(handler))
        , listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
            ::getsockname(listener_.get(), generic, &size) != 0)
            throw SysError(errno, "start a server");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    ~HttpServer()
    {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int port() const { return port_; }
    /// The heads of the requests so far.
    [[nodiscard]] std::vector<std::string> requests() const
    {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    [[nodiscard]] static std::string
    response(const std::string& status, const std::string& body, const std::string& headers = {})
    {
        return "HTTP/1.1 " + status +
               "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
               headers + "\r\n" + body;
    }

private:
    void serve()
    {
        for (;;) {
            const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!connection) return;
            std::string head;
            char byte = 0;
            // a TLS client would wait for a greeting of ours
            while (!head.ends_with("\r\n\r\n") && !head.starts_with('\x16') &&
                   ::read(connection.get(), &byte, 1) == 1)
                head += byte;
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(head);
            }
            const std::string response = handler_(head);
            // a client that has seen enough closes early; that is its right
            (void)::send(connection.get(), response.data(), response.size(), MSG_NOSIGNAL);
        }
    }

    Handler handler_;
    UniqueFd listener_;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

} // namespace caisson::testing

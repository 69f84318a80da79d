#pragma once

#include "proxy/config_error.h"
#include "proxy/kubernetes_storage.h"
#include "proxy/net/worker.h"

#include <boost/asio/basic_signal_set.hpp>

namespace postern::proxy {

/// Runs `control` until KubernetesStorage::prepare() is done, however long it takes, and leaves it
/// ready to be run again. False when a signal other than SIGHUP ended the wait: then it must not
/// be. What `control` serves besides goes on meanwhile. The error is prepare()'s.
Loaded<bool> await_storage(KubernetesStorage& storage, Worker& control,
                           asio::basic_signal_set<Executor>& signals);

}  // namespace postern::proxy

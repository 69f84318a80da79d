#pragma once

#include "proxy/net/event.h"

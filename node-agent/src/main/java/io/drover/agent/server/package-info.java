/** The agent's gRPC server. */
package io.drover.agent.server;

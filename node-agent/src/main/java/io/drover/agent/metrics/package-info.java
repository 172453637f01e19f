/** What a host tells Prometheus. */
package io.drover.agent.metrics;

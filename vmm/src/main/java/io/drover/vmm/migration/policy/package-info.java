/**
 * When to send another pass, hold vCPUs back, switch or give up: decided by pure functions of what the passes so far have
 * brought.
 */
package io.drover.vmm.migration.policy;

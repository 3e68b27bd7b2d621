/** When calls stop, and for how long. */
export interface CircuitBreakerOptions {
  /** So many failures in a row stop the calls. */
  readonly failures: number;
  /** How long nothing is called then, in milliseconds. Afterwards one call tries again. */
  readonly pauseMs: number;
  /** The time in milliseconds. */
  readonly now?: () => number;
}

interface Circuit {
  failures: number;
  /** Until when nothing is called. */
  openUntil: number;
}

/** Stops calling what keeps failing, so that no customer waits for it. Each process has its own view. */
export class CircuitBreaker {
  readonly #options: Required<CircuitBreakerOptions>;
  /** Only those that failed last. */
  readonly #circuits = new Map<string, Circuit>();

  constructor(options: CircuitBreakerOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Whether this may be called now. After a pause only the first who asks may, until the result of that call is known. */
  mayCall(name: string): boolean {
    const circuit = this.#circuits.get(name);
    const { failures, pauseMs, now } = this.#options;
    if (!circuit || circuit.failures < failures) return true;
    if (now() < circuit.openUntil) return false;
    // This one tries; should it never report, another may after the next pause.
    circuit.openUntil = now() + pauseMs;
    return true;
  }

  /** Reports a call that succeeded. */
  succeeded(name: string): void {
    this.#circuits.delete(name);
  }

  /** Reports a call that failed. @returns whether that stopped the calls. */
  failed(name: string): boolean {
    const circuit = this.#circuits.get(name) ?? { failures: 0, openUntil: 0 };
    this.#circuits.set(name, circuit);
    circuit.failures += 1;
    if (circuit.failures < this.#options.failures) return false;
    circuit.openUntil = this.#options.now() + this.#options.pauseMs;
    return circuit.failures === this.#options.failures;
  }
}

// The types of what the page uses of Preact and htm, for the checks of its modules.

/** What a component draws. */
export interface VNode {
  readonly type: unknown;
}

/** Anything that can stand between tags. */
export type Child = VNode | string | number | boolean | null | undefined | Child[];

/** A value that stays, and that nothing is drawn again for. */
export interface Ref<T> {
  current: T;
}

export type Update<T> = (next: T | ((before: T) => T)) => void;

/** An event as a handler that is written inside a template takes it. */
export type TemplateEvent = KeyboardEvent & MouseEvent & { readonly target: HTMLInputElement };
type Value = ((event: TemplateEvent) => unknown) | object | string | number | boolean | null | undefined;

export function html(strings: TemplateStringsArray, ...values: Value[]): VNode;
export function render(node: VNode, parent: Element): void;

export abstract class Component<Props = unknown, State = unknown> {
  readonly props: Readonly<Props>;
  state: State;
  constructor(props?: Props);
  setState(change: Partial<State>): void;
  abstract render(props: Props, state: State): Child;
  componentDidCatch?(error: unknown): void;
  componentDidMount?(): void;
  componentWillUnmount?(): void;
  componentDidUpdate?(before: Props): void;
  shouldComponentUpdate?(next: Props): boolean;
}

export function useState<T>(first: T | (() => T)): [T, Update<T>];
/** Without a value at all: to be drawn again. */
export function useState(): [unknown, Update<unknown>];
export function useReducer<T, Action>(
  reduce: (before: T, action: Action) => T, first: T,
): [T, (action?: Action) => void];
export function useEffect(run: () => (() => unknown) | void, causes?: unknown[]): void;
export function useLayoutEffect(run: () => (() => unknown) | void, causes?: unknown[]): void;
export function useMemo<T>(make: () => T, causes: unknown[]): T;
/** Without a first value it is set when the component is drawn, and read only after. */
export function useRef<T>(): Ref<T>;
export function useRef<T>(first: T): Ref<T>;

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { type ChangeCustomer, type CustomerOverview, MevrikError } from '../../shared/sdk.ts';
import { keys } from '../keys.ts';
import { type EditedAttribute, editedAttribute } from './attribute-list.tsx';

type Customer = CustomerOverview['customer'];

/** The contact details that can be edited, with their labels. */
export const customerFacts = [
  ['name', 'Name'],
  ['email', 'Email'],
  ['phone', 'Phone'],
  ['locale', 'Language'],
] as const;

/** The edited details and attributes of a customer, and the request that saves the changes. */
export function useCustomerEdit(customer: Customer, onSaved: () => void) {
  const queries = useQueryClient();
  const [values, setValues] = useState(() =>
    Object.fromEntries(customerFacts.map(([name]) => [name, customer[name] ?? ''])),
  );
  const [attributes, setAttributes] = useState<readonly EditedAttribute[]>(() =>
    Object.entries(customer.attributes).map(([name, value]) => editedAttribute(name, String(value))),
  );
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [busy, setBusy] = useState(false);

  async function save(): Promise<void> {
    setBusy(true);
    setErrors({});
    try {
      const changed = await api.rest.desk.changeCustomer(customer.id, changeOf(customer, values, attributes));
      queries.setQueryData<CustomerOverview>(
        keys.customer(customer.id),
        (overview) => overview && { ...overview, customer: changed },
      );
      for (const queryKey of [keys.customer(customer.id), ['conversation'], keys.conversations]) {
        void queries.invalidateQueries({ queryKey });
      }
      onSaved();
    } catch (error) {
      setErrors(fieldErrors(error));
    } finally {
      setBusy(false);
    }
  }

  return { values, setValues, attributes, setAttributes, errors, busy, save };
}

/** The server's error messages by detail; `all` belongs to none. */
function fieldErrors(error: unknown): Readonly<Record<string, string>> {
  const fields = error instanceof MevrikError ? error.fields : [];
  const at = fields.filter(({ path }) => customerFacts.some(([name]) => name === path));
  return at.length > 0
    ? Object.fromEntries(at.map(({ path, message }) => [path, message]))
    : { all: errorMessage(error) };
}

/** Only the changed fields, so that concurrent edits by other agents are kept. */
function changeOf(
  customer: Customer,
  values: Readonly<Record<string, string>>,
  attributes: readonly EditedAttribute[],
): ChangeCustomer {
  const changed = customerFacts.flatMap(([name]) => {
    const value = values[name]?.trim() || null;
    return value === customer[name] ? [] : [[name, value]];
  });
  const named = attributes.filter(({ name }) => name.trim() !== '');
  const removed = Object.keys(customer.attributes)
    .filter((name) => named.every((one) => one.name.trim() !== name))
    .map((name) => [name, null]);
  const set = named
    .filter(({ name, value }) => String(customer.attributes[name.trim()] ?? '') !== value)
    .map(({ name, value }) => [name.trim(), value]);
  const overlay = [...removed, ...set];
  return {
    ...Object.fromEntries(changed),
    ...(overlay.length === 0 ? {} : { attributes: Object.fromEntries(overlay) }),
  };
}
